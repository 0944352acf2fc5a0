# SPDX-License-Identifier: Apache-2.0
# The libraries, as targets that carry their headers and everything they need to link:
#   deps::curl deps::mbedtls deps::mbedx509 deps::mbedcrypto deps::zlib deps::jsoncpp
#   deps::paho (C++; brings deps::paho_c) deps::cpputest
# They come from toolchains/deps, which is run here when they are not ready, or, with
# DEPOTLINK_SYSTEM_LIBS, from the distribution's development packages.
include_guard(GLOBAL)
option(DEPOTLINK_SYSTEM_LIBS "Link the distribution's shared libraries" OFF)
find_package(Threads REQUIRED)

if(DEPOTLINK_SYSTEM_LIBS)
  if(DEPOTLINK_STATIC)
    message(FATAL_ERROR "DEPOTLINK_SYSTEM_LIBS links shared libraries: switch DEPOTLINK_STATIC off.")
  endif()
  set(deps_missing "")

  # An imported target `deps::name` for a header and libraries where the distribution puts them.
  function(depotlink_system_library name package header)
    find_path(DEPOTLINK_${name}_INCLUDE ${header} PATH_SUFFIXES jsoncpp)
    set(libraries "")
    foreach(library IN LISTS ARGN)
      find_library(DEPOTLINK_${name}_${library} ${library})
      list(APPEND libraries "${DEPOTLINK_${name}_${library}}")
    endforeach()
    if("${DEPOTLINK_${name}_INCLUDE};${libraries}" MATCHES "NOTFOUND")
      set(deps_missing ${deps_missing} ${package} PARENT_SCOPE)
      return()
    endif()
    add_library(deps::${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(deps::${name} SYSTEM INTERFACE "${DEPOTLINK_${name}_INCLUDE}")
    target_link_libraries(deps::${name} INTERFACE ${libraries} Threads::Threads)
  endfunction()

  depotlink_system_library(zlib zlib1g-dev zlib.h z)
  depotlink_system_library(mbedcrypto libmbedtls-dev mbedtls/gcm.h mbedcrypto)
  depotlink_system_library(mbedx509 libmbedtls-dev mbedtls/x509_crt.h mbedx509 mbedcrypto)
  depotlink_system_library(mbedtls libmbedtls-dev mbedtls/ssl.h mbedtls mbedx509 mbedcrypto)
  depotlink_system_library(curl libcurl4-openssl-dev curl/curl.h curl)
  depotlink_system_library(jsoncpp libjsoncpp-dev json/json.h jsoncpp)
  depotlink_system_library(paho_c libpaho-mqtt-dev MQTTAsync.h paho-mqtt3as)
  depotlink_system_library(paho libpaho-mqttpp-dev mqtt/async_client.h paho-mqttpp3 paho-mqtt3as)
  depotlink_system_library(cpputest libcpputest-dev CppUTest/TestHarness.h CppUTest)
  if(deps_missing)
    list(REMOVE_DUPLICATES deps_missing)
    list(JOIN deps_missing " " deps_missing)
    message(FATAL_ERROR "Missing development packages: ${deps_missing}\n"
                        "Remedy: toolchains/bootstrap system-libs")
  endif()
  return()
endif()

# --- which architecture ---
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(DEPOTLINK_ARCH amd64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(DEPOTLINK_ARCH arm64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  set(DEPOTLINK_ARCH armhf)
else()
  message(FATAL_ERROR "No recipe for ${CMAKE_SYSTEM_PROCESSOR}: amd64, armhf and arm64 are known.\n"
                      "Remedy: -DDEPOTLINK_SYSTEM_LIBS=ON links the distribution's libraries.")
endif()

# --- ready, or made ready ---
set(deps_tool "${CMAKE_CURRENT_LIST_DIR}/deps")
execute_process(COMMAND "${deps_tool}" ${DEPOTLINK_ARCH} --prefix
  OUTPUT_VARIABLE DEPOTLINK_DEPS_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE deps_not_ready)
if(deps_not_ready)
  message(STATUS "Building the libraries for ${DEPOTLINK_ARCH} (about a minute, once)")
  execute_process(COMMAND "${deps_tool}" ${DEPOTLINK_ARCH} RESULT_VARIABLE deps_failed)
  if(deps_failed)
    message(FATAL_ERROR "The libraries for ${DEPOTLINK_ARCH} are not ready: see above.")
  endif()
endif()
message(STATUS "Libraries: ${DEPOTLINK_DEPS_PREFIX}")
# A changed recipe, or libraries that are gone, configure anew.
foreach(file recipes.py pins mbedtls_config.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/${file}")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${DEPOTLINK_DEPS_PREFIX}/stamp")

# depotlink_library(name archive [what it needs...])
function(depotlink_library name archive)
  add_library(deps::${name} STATIC IMPORTED GLOBAL)
  set_target_properties(deps::${name} PROPERTIES
    IMPORTED_LOCATION "${DEPOTLINK_DEPS_PREFIX}/lib/${archive}"
    INTERFACE_INCLUDE_DIRECTORIES "${DEPOTLINK_DEPS_PREFIX}/include"
    INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

depotlink_library(zlib libz.a)
depotlink_library(mbedcrypto libmbedcrypto.a Threads::Threads)
depotlink_library(mbedx509 libmbedx509.a deps::mbedcrypto)
depotlink_library(mbedtls libmbedtls.a deps::mbedx509)
depotlink_library(curl libcurl.a deps::mbedtls deps::zlib Threads::Threads)
set_property(TARGET deps::curl PROPERTY INTERFACE_COMPILE_DEFINITIONS CURL_STATICLIB)
depotlink_library(jsoncpp libjsoncpp.a)
depotlink_library(paho_c libpaho-mqtt3a.a Threads::Threads)
depotlink_library(paho libpaho-mqttpp3.a deps::paho_c)
depotlink_library(cpputest libCppUTest.a)

# depotlink_dependency_version(variable name): the pinned upstream version of a library.
function(depotlink_dependency_version variable name)
  file(STRINGS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pins" line REGEX "^${name} ")
  string(REGEX REPLACE "^[^ ]+ +[^ ]+ +([^ ]+) .*" "\\1" version "${line}")
  set(${variable} "${version}" PARENT_SCOPE)
endfunction()
