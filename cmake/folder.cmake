# croft_folder(NAME [DEPS lib...] [WITHOUT REGEX...]): one static library from src/NAME/**/*.cpp, one test program from its
# *_test.cpp, one libFuzzer program per *_fuzz.cpp (only with CROFT_FUZZ). Files are found by name so
# that adding a file needs no edit here; CMake re-globs at build time. Files that match WITHOUT are left out.
function(croft_folder name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS;WITHOUT" ${ARGN})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(regex IN LISTS ARG_WITHOUT)
    list(FILTER all EXCLUDE REGEX "${regex}")
  endforeach()
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|/main)\\.cpp$")

  add_library(croft_${name} STATIC ${sources})
  target_link_libraries(croft_${name} PUBLIC croft_flags ${ARG_DEPS})

  if(CROFT_TESTS AND tests AND (NOT CROFT_TEST_FOLDERS OR name IN_LIST CROFT_TEST_FOLDERS))
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE croft_${name} ${ARG_TEST_DEPS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      CROFT_SOURCE_DIR="${CMAKE_SOURCE_DIR}" CROFT_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
    if(CROFT_SANITIZE)
      # One entry a program: a sanitizer's start-up costs more than most test cases.
      add_test(NAME ${CROFT_TEST_PREFIX}${name} COMMAND ${name}_test --gtest_brief=1)
      set_tests_properties(${CROFT_TEST_PREFIX}${name} PROPERTIES TIMEOUT 1200 LABELS "unit;sanitizer")
    else()
      gtest_discover_tests(${name}_test TEST_PREFIX "${CROFT_TEST_PREFIX}${name}." DISCOVERY_TIMEOUT 60
        TEST_FILTER "${CROFT_TEST_FILTER}"
        PROPERTIES TIMEOUT 600 LABELS unit)
    endif()
  endif()

  if(CROFT_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(target ${file} NAME_WE)
      get_filename_component(folder ${file} DIRECTORY)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE croft_${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      # A short run inside CTest; tools/fuzz runs one for longer. The corpus beside the target is kept in git.
      string(REGEX REPLACE "_fuzz$" "" stem ${target})
      add_test(NAME fuzz.${target}
        COMMAND ${CMAKE_SOURCE_DIR}/tools/fuzz_short $<TARGET_FILE:${target}> ${folder}/corpus/${stem})
      set_tests_properties(fuzz.${target} PROPERTIES LABELS fuzz TIMEOUT 300)
    endforeach()
  endif()
endfunction()
