# SPDX-License-Identifier: Apache-2.0
# podtail_test(<name> SOURCES ... [LINKS ...] [LABELS ...])
#   One GoogleTest binary, registered as one ctest entry <name>. LINKS are engine folders or
#   targets; tests may include engine/ headers of the folders that they mirror. Labels: unit, the
#   folder's name, and LABELS.
# podtail_script_test(<name> COMMAND ... [LABELS ...] [TIMEOUT s])
#   A command; exit status 77 means "did not run" and is reported so by ctest. What may take longest
#   begins first, so that the small ones fill the end.
# podtail_fuzzer(<name> SOURCES ... [LINKS ...])
#   fuzz/<name>_fuzz.cc: a replay binary that ctest runs over fuzz/seeds/<name> and
#   fuzz/regressions/<name>, and with PODTAIL_FUZZ a libFuzzer binary fuzz_<name>.
# The targets tests_<folder> and fuzzers are all of a folder's tests and all libFuzzer binaries: a lane
# builds what it runs (.ci/run).

find_package(GTest)
set(PODTAIL_SKIP 77)

function(podtail_link target)
  foreach(link IN LISTS ARGN)
    if(TARGET podtail_${link})
      target_link_libraries(${target} PRIVATE podtail_${link})
    else()
      target_link_libraries(${target} PRIVATE ${link})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE podtail_flags)
  target_include_directories(${target} PRIVATE ${podtail_SOURCE_DIR})
endfunction()

function(podtail_group group target)
  if(NOT TARGET ${group})
    add_custom_target(${group})
  endif()
  add_dependencies(${group} ${target})
endfunction()

# How a test itself is compiled, not what it tests: less than the preset says is a third off its
# compilation with g++, and half off it with the sanitizers.
set(PODTAIL_TEST_OPTIMISATION $<$<CONFIG:Release>:-O1>)
if(PODTAIL_SANITIZE)
  set(PODTAIL_TEST_OPTIMISATION -O0)
endif()

# GoogleTest is most of what a test's compiler reads: read once. Not through a compiler cache, which
# keeps no precompiled headers, and not by g++ 12, which warns of a std::string that is none of ours
# when it takes its headers from one.
if(GTest_FOUND AND CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND
   NOT TARGET podtail_test_headers)
  file(WRITE ${CMAKE_BINARY_DIR}/test_headers.cc "// Nothing: its precompiled header is what counts.\n")
  add_executable(podtail_test_headers EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/test_headers.cc)
  podtail_link(podtail_test_headers GTest::gtest_main)
  target_compile_options(podtail_test_headers PRIVATE ${PODTAIL_TEST_OPTIMISATION})
  target_precompile_headers(podtail_test_headers PRIVATE <gtest/gtest.h>)
endif()

function(podtail_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;LABELS")
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_executable(test_${name} ${arg_SOURCES})
  podtail_link(test_${name} ${arg_LINKS} GTest::gtest_main)
  if(NOT folder STREQUAL "sim")  # few files, many seeds
    target_compile_options(test_${name} PRIVATE ${PODTAIL_TEST_OPTIMISATION})
    if(TARGET podtail_test_headers)
      target_precompile_headers(test_${name} REUSE_FROM podtail_test_headers)
    endif()
  endif()
  podtail_group(tests_${folder} test_${name})
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "unit;${folder};${arg_LABELS}")
endfunction()

function(podtail_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${podtail_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE ${PODTAIL_SKIP}
                       TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

function(podtail_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_executable(replay_${name} ${arg_SOURCES} ${podtail_SOURCE_DIR}/fuzz/replay_main.cc)
  podtail_link(replay_${name} ${arg_LINKS})
  add_test(NAME fuzz_replay_${name}
           COMMAND replay_${name} ${podtail_SOURCE_DIR}/fuzz/seeds/${name}
                   ${podtail_SOURCE_DIR}/fuzz/regressions/${name})
  set_tests_properties(fuzz_replay_${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  if(PODTAIL_FUZZ)
    add_executable(fuzz_${name} ${arg_SOURCES})
    podtail_link(fuzz_${name} ${arg_LINKS})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    podtail_group(fuzzers fuzz_${name})
  endif()
endfunction()
