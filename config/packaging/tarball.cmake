# SPDX-License-Identifier: Apache-2.0
# Run by cpack over the files of the tarball: packs them in the order of their names, as root's, with one time.
set(tarball "${CPACK_PACKAGE_DIRECTORY}/${CPACK_DEPOTLINK_TARBALL}.tar.gz")
execute_process(
  COMMAND tar --create --sort=name --format=ustar --owner=0 --group=0 --numeric-owner
    "--mtime=@$ENV{SOURCE_DATE_EPOCH}" -C "${CPACK_TEMPORARY_DIRECTORY}" "${CPACK_DEPOTLINK_TARBALL}"
  COMMAND gzip -9n
  OUTPUT_FILE "${tarball}" RESULTS_VARIABLE failed)
if(NOT failed STREQUAL "0;0")
  message(FATAL_ERROR "${tarball} could not be packed")
endif()
set(CPACK_EXTERNAL_BUILT_PACKAGES "${tarball}")
