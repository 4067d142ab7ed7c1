#pragma once
/// The tagger's share of the findings: persons, places, addresses, organisations, peoples, titles,
/// ages.

#include <chrono>
#include <string_view>
#include <vector>

#include "router/privacy/find_entities.h"

namespace croft::privacy {

/// Adds what the tagger finds in `folded` to scratch.findings, which hold what the rules found, and
/// takes out what they read into the numbers of an address. Looks at the clock once in some 200
/// words. False where the deadline passed first. Linear.
bool find_names(std::string_view folded, const Clock::time_point* deadline, FindScratch& scratch);

}  // namespace croft::privacy
