# SPDX-License-Identifier: Apache-2.0
# podtail_floor(<folder> SOURCES ... [LINKS ...])
#   The archive of engine/<folder>. LINKS are PRIVATE: a folder sees what it names, and nothing
#   through it (HACKING.md, "Floors").
# podtail_umbrella(<way> FLOORS ...)
#   podtail::<way>: what an embedder links (README, "Ways in").

set(PODTAIL_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(PODTAIL_WERROR)
  list(APPEND PODTAIL_WARNINGS -Werror)
endif()
set(PODTAIL_HARDENING "$<$<CONFIG:Release>:-fstack-protector-strong;-D_GLIBCXX_ASSERTIONS>")

# One interface for everything that is compiled here; never installed or seen by embedders.
add_library(podtail_flags INTERFACE)
target_compile_options(podtail_flags INTERFACE ${PODTAIL_WARNINGS} ${PODTAIL_HARDENING}
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers>)
if(PODTAIL_SANITIZE)
  target_compile_options(podtail_flags INTERFACE -fsanitize=${PODTAIL_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(podtail_flags INTERFACE -fsanitize=${PODTAIL_SANITIZE})
endif()

function(podtail_floor folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  set(target podtail_${folder})
  add_library(${target} STATIC ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES EXPORT_NAME floor_${folder}
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${podtail_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} PRIVATE ${podtail_SOURCE_DIR})
  target_compile_features(${target} PUBLIC cxx_std_20)
  foreach(link IN LISTS arg_LINKS)
    if(TARGET podtail_${link})
      list(APPEND links podtail_${link})
    else()
      list(APPEND links ${link})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:podtail_flags> ${links})
  set_property(GLOBAL APPEND PROPERTY PODTAIL_INSTALLED ${target})
  set_property(GLOBAL APPEND PROPERTY PODTAIL_ARCHIVES ${target})
endfunction()

function(podtail_umbrella way)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FLOORS")
  add_library(podtail_way_${way} INTERFACE)
  list(TRANSFORM arg_FLOORS PREPEND podtail_)
  target_link_libraries(podtail_way_${way} INTERFACE ${arg_FLOORS})
  set_target_properties(podtail_way_${way} PROPERTIES EXPORT_NAME ${way})
  add_library(podtail::${way} ALIAS podtail_way_${way})
  set_property(GLOBAL APPEND PROPERTY PODTAIL_INSTALLED podtail_way_${way})
endfunction()
