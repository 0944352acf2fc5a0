# SPDX-License-Identifier: Apache-2.0
# Read by cpack, once for each kind of package: which files it takes, and at what time they were made.

# The same commit gives the same bytes: files bear the time of the commit, or what the caller says.
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  execute_process(COMMAND git -C "${CPACK_DEPOTLINK_SOURCE}" log -1 --format=%ct
    OUTPUT_VARIABLE commit_time OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE no_commit)
  if(NOT no_commit)
    set(ENV{SOURCE_DATE_EPOCH} "${commit_time}")
  endif()
endif()

list(GET CPACK_INSTALL_CMAKE_PROJECTS 0 build_folder)
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_INSTALL_CMAKE_PROJECTS "${build_folder};depotlink;debian;/")
  set(CPACK_PACKAGING_INSTALL_PREFIX "/")
else()
  set(CPACK_INSTALL_CMAKE_PROJECTS "${build_folder};depotlink;tarball;/")
  set(CPACK_DEPOTLINK_TARBALL "depotlink-${CPACK_PACKAGE_VERSION}-linux-${CPACK_DEPOTLINK_ARCH}")
  set(CPACK_PACKAGE_FILE_NAME "${CPACK_DEPOTLINK_TARBALL}.files")  # a record of cpack's own
  set(CPACK_PACKAGING_INSTALL_PREFIX "/${CPACK_DEPOTLINK_TARBALL}")
endif()
# Modes are the package's, not those of whoever has cloned the repository with whatever umask.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
