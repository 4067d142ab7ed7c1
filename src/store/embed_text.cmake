# Writes OUT, a header with the text of IN as `NAME`, only where that changes it.
file(READ ${IN} text)
# MSVC aside, a raw literal may be long; the delimiter cannot occur in JSON text of ours.
set(header "#pragma once\n// Made from ${SHORT} by embed_text.cmake.\n#include <string_view>\n\nnamespace croft {\ninline constexpr std::string_view ${NAME} = R\"croft_data(${text})croft_data\";\n}  // namespace croft\n")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT "${old}" STREQUAL "${header}")
  file(WRITE ${OUT} "${header}")
endif()
