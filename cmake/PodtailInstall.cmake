# SPDX-License-Identifier: Apache-2.0
# cmake --install: archives, headers, the binary, and what find_package(podtail) reads.
include(CMakePackageConfigHelpers)

get_property(installed GLOBAL PROPERTY PODTAIL_INSTALLED)
install(TARGETS ${installed} EXPORT podtailTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/podtail DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(PODTAIL_TOOLS)
  install(TARGETS podtail RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/podtail)
configure_package_config_file(cmake/podtailConfig.cmake.in podtailConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(podtailConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(EXPORT podtailTargets NAMESPACE podtail:: DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/podtailConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/podtailConfigVersion.cmake DESTINATION ${package_dir})
