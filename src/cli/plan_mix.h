#pragma once
/// The requests that a plan is made for, as --mix writes them.

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/capacity.h"

namespace croft::cli {

/// NAME=SHARE,PROMPT,ANSWER[,SHARED], for example support=60,300,120,200. Errors: InvalidArgument,
/// the text and what is wrong with it named.
Result<RequestClass> parse_request_class(const std::string& text);

/// One class per text, or the usual mix where there is none. Errors: as above; two of one name.
Result<std::vector<RequestClass>> parse_mix(const std::vector<std::string>& texts);

}  // namespace croft::cli
