# The peak loops' files and flags: like the kernels', one file per instruction set. Edits kernel_sources.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  foreach(isa avx2 avx512 avx512vnni)
    get_source_file_property(options ${CMAKE_CURRENT_SOURCE_DIR}/isa_${isa}.cpp COMPILE_OPTIONS)
    set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/peak/${isa}.cpp PROPERTIES COMPILE_OPTIONS "${options}")
  endforeach()
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/peak/amx.cpp PROPERTIES
    COMPILE_OPTIONS "-mamx-tile;-mamx-int8;-mamx-bf16")
else()
  list(FILTER kernel_sources EXCLUDE REGEX "/peak/a[0-9a-z]*\\.cpp$")
endif()
