# SPDX-License-Identifier: Apache-2.0
# podtail_test(<name> SOURCES ... [LINKS ...] [LABELS ...])
#   The tests of the first of SOURCES, as one ctest entry <name>. A folder's tests are one binary,
#   tests_<folder>, which is asked for a file at a time: so they are read and linked once, and no
#   two files of a folder have a name in common. LINKS are engine folders or targets; tests may
#   include engine/ headers of the folders that they mirror. Labels: unit, the folder's name, and
#   LABELS.
# podtail_script_test(<name> COMMAND ... [LABELS ...] [TIMEOUT s])
#   A command; exit status 77 means "did not run" and is reported so by ctest. What may take longest
#   begins first, so that the small ones fill the end.
# podtail_fuzzer(<name> SOURCES ... [LINKS ...])
#   fuzz/<name>_fuzz.cc: a replay binary that ctest runs over fuzz/seeds/<name> and
#   fuzz/regressions/<name>, and with PODTAIL_FUZZ a libFuzzer binary fuzz_<name>.
# The target fuzzers is all libFuzzer binaries. A lane builds what it runs (.ci/run).

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

function(podtail_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;LABELS")
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(target tests_${folder})
  if(NOT TARGET ${target})
    add_executable(${target} ${podtail_SOURCE_DIR}/tests/support/test_main.cc)
    podtail_link(${target} GTest::gtest)
    if(NOT folder STREQUAL "sim")  # few files, many seeds
      target_compile_options(${target} PRIVATE ${PODTAIL_TEST_OPTIMISATION})
    endif()
  endif()
  target_sources(${target} PRIVATE ${arg_SOURCES})
  podtail_link(${target} ${arg_LINKS})
  list(GET arg_SOURCES 0 file)
  add_test(NAME ${name} COMMAND ${target} --file=${file})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE ${PODTAIL_SKIP}
                       TIMEOUT 300 LABELS "unit;${folder};${arg_LABELS}")
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
