# What every target of this tree is built with, and the two functions that make one.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # What it needs to be told so that it takes files with a precompiled header too.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    ${CCACHE})
endif()
add_compile_options(-Wall -Wextra -Werror "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
# g++ 12 takes Asio's coroutine frames, which bring their own operator delete, for a mismatch once it
# optimises.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-mismatched-new-delete>)
add_link_options(-fuse-ld=lld)
# The C++ libraries go into our programs: of the shared ones an idle process holds 2 MiB more, most of
# it for what it never calls.
add_link_options($<$<CONFIG:Release>:-static-libstdc++> $<$<CONFIG:Release>:-static-libgcc>
  $<$<CONFIG:Release>:-Wl,--gc-sections>)
add_compile_options($<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
set(Boost_USE_STATIC_LIBS ON)
# An older libboost-dev under the same include path must not win over 1.81.
find_package(Boost 1.81.0 EXACT REQUIRED CONFIG COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_path(PKCS11_INCLUDE_DIR p11-kit/pkcs11.h PATH_SUFFIXES p11-kit-1 REQUIRED)
find_path(NATS_INCLUDE_DIR nats/nats.h REQUIRED)
find_path(CBOR_INCLUDE_DIR cbor.h REQUIRED)
find_library(CBOR_LIBRARY cbor REQUIRED)
find_package(LibArchive REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
if(EVERGRASS_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(evergrass_settings INTERFACE)
target_include_directories(evergrass_settings INTERFACE "${CMAKE_SOURCE_DIR}")
# Asio's and Beast's function bodies are compiled once, in libs/rt and libs/http.
target_compile_definitions(evergrass_settings INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_JSON_NO_LIB BOOST_CONTAINER_NO_LIB EVERGRASS_VERSION="${PROJECT_VERSION}")
target_link_libraries(evergrass_settings INTERFACE Boost::headers Threads::Threads)

# Reading headers is most of the time of most files, so those that many include are read once. A file still
# includes all that it uses: the tsan and fuzz presets build without this.
option(EVERGRASS_PRECOMPILED_HEADERS "Read common headers once" ON)
# The tsan preset alone compiles each file by itself, without the includes of those before it.
option(EVERGRASS_TOGETHER "Compile the operations of a folder eight at a time"
  ${EVERGRASS_PRECOMPILED_HEADERS})
set(common_headers <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <filesystem> <functional> <map>
  <memory> <mutex> <optional> <set> <span> <string> <string_view> <system_error> <unordered_map> <utility>
  <variant> <vector> <boost/json/parse.hpp> <boost/json/serialize.hpp> <boost/json/value.hpp>
  <boost/system/result.hpp>)

# evergrass_precompile(name HEADERS ... LINKS ...): a library that holds a precompiled header for others.
function(evergrass_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINKS" ${ARGN})
  # CMake makes one only for a target with a source.
  add_library(${name} STATIC "${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp")
  target_link_libraries(${name} PUBLIC evergrass_settings Boost::json ${ARG_LINKS})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

if(EVERGRASS_PRECOMPILED_HEADERS)
  # In a precompiled header g++ 12 forgets which are the system's, and tells of what it keeps to itself
  # otherwise: false ends of strings in libstdc++. The tsan preset has these warnings.
  add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict;-Wno-maybe-uninitialized>")
  evergrass_precompile(evergrass_common_headers HEADERS ${common_headers})
  # Apart, as whoever reads Asio's headers has to link what libs/rt compiles of it.
  evergrass_precompile(evergrass_asio_headers
    HEADERS ${common_headers} <boost/asio/any_io_executor.hpp> <boost/asio/awaitable.hpp>)
  if(EVERGRASS_TESTS)
    evergrass_precompile(evergrass_test_headers LINKS GTest::gmock
      HEADERS ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()

# evergrass_links_rt(out LIBRARY ...): whether one of these is evergrass_rt, or links it.
function(evergrass_links_rt out)
  foreach(library ${ARGN})
    set(found FALSE)
    if(library STREQUAL evergrass_rt)
      set(found TRUE)
    elseif(library MATCHES "^evergrass_" AND TARGET ${library})
      get_target_property(more ${library} INTERFACE_LINK_LIBRARIES)
      if(more)
        evergrass_links_rt(found ${more})
      endif()
    endif()
    if(found)
      set(${out} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} FALSE PARENT_SCOPE)
endfunction()

# evergrass_reuse(target LIBRARY ...): the files of a target that links these are compiled with common
# headers read.
function(evergrass_reuse target)
  if(EVERGRASS_PRECOMPILED_HEADERS)
    evergrass_links_rt(asio ${target} ${ARGN})
    if(asio)
      target_precompile_headers(${target} REUSE_FROM evergrass_asio_headers)
    else()
      target_precompile_headers(${target} REUSE_FROM evergrass_common_headers)
    endif()
  endif()
endfunction()

# evergrass_test(mqtt_test SOURCES ... LINKS ...): a program of unit tests, run by ctest.
function(evergrass_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE evergrass_settings ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  if(EVERGRASS_PRECOMPILED_HEADERS)
    target_precompile_headers(${name} REUSE_FROM evergrass_test_headers)
  endif()
  string(REGEX REPLACE "_test$" "" short "${name}")
  add_test(NAME ${short} COMMAND ${name})
endfunction()

# evergrass_library(mqtt LINKS evergrass_rt): target evergrass_mqtt from the *.cpp of this folder,
# and, from its *_test.cpp, the unit test mqtt_test. No *.cpp yet: an interface library. TOGETHER:
# operations are a small file each, mostly headers to the compiler, so eight are compiled as one; these
# are the files without a header of their own. What is in their unnamed namespaces needs names that no
# other operation of the folder has.
function(evergrass_library name)
  cmake_parse_arguments(ARG "TOGETHER" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/*.S")
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  if(sources)
    add_library(evergrass_${name} STATIC ${sources})
    target_link_libraries(evergrass_${name} PUBLIC evergrass_settings ${ARG_LINKS})
    evergrass_reuse(evergrass_${name} ${ARG_LINKS})
    if(ARG_TOGETHER AND EVERGRASS_TOGETHER)
      set_target_properties(evergrass_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
      foreach(source ${sources})
        string(REGEX REPLACE "\\.cpp$" ".hpp" header "${source}")
        if(EXISTS "${header}")
          set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
        endif()
      endforeach()
    endif()
  else()
    add_library(evergrass_${name} INTERFACE)
    target_link_libraries(evergrass_${name} INTERFACE evergrass_settings ${ARG_LINKS})
  endif()
  if(EVERGRASS_TESTS AND tests)
    evergrass_test(${name}_test SOURCES ${tests} LINKS evergrass_${name})
  endif()
endfunction()

# evergrass_program(greengrassd LINKS ...): build/<preset>/bin/greengrassd from the *.cpp of this folder;
# its *_test.cpp become <name>_test, with every source but main.cpp, each of which is compiled once.
function(evergrass_program name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  if(NOT sources)
    return()
  endif()
  set(main_file "${CMAKE_CURRENT_SOURCE_DIR}/main.cpp")
  list(REMOVE_ITEM sources "${main_file}")
  if(sources)
    add_library(${name}_parts OBJECT ${sources})
    target_link_libraries(${name}_parts PUBLIC evergrass_settings ${ARG_LINKS})
    evergrass_reuse(${name}_parts ${ARG_LINKS})
    list(APPEND ARG_LINKS ${name}_parts)
  endif()
  add_executable(${name} "${main_file}")
  target_link_libraries(${name} PRIVATE evergrass_settings ${ARG_LINKS})
  evergrass_reuse(${name} ${ARG_LINKS})
  if(EVERGRASS_TESTS AND tests)
    evergrass_test(${name}_test SOURCES ${tests} LINKS ${ARG_LINKS})
  endif()
endfunction()
