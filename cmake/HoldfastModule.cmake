# hf_module(name SOURCES … [PUBLIC …] [PRIVATE …]): one static library for one module of the design.
# hf_test(name SOURCES … LINKS …): one GoogleTest program, registered with CTest.
# Every target gets the same warnings, sanitizers and precompiled standard headers.

add_library(hf_options INTERFACE)
target_include_directories(hf_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(hf_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # GCC 12 sees overflows inside std::string's own operator+ once it optimises (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
if(HF_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A class with private parts in an unnamed namespace is seen as if it came from a header.
  target_compile_options(hf_options INTERFACE -Wno-subobject-linkage)
endif()
if(HF_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Instrumented code makes GCC's flow analysis see unset variants (GCC's manual says so of -fsanitize).
  target_compile_options(hf_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(hf_options INTERFACE HF_VERSION="${PROJECT_VERSION}")
if(HF_SANITIZE STREQUAL "address")
  target_compile_options(hf_options INTERFACE -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hf_options INTERFACE -fsanitize=address,undefined)
elseif(HF_SANITIZE STREQUAL "thread")
  target_compile_options(hf_options INTERFACE -O1 -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(hf_options INTERFACE -fsanitize=thread)
endif()
if(HF_SANITIZE STREQUAL "fuzzer")
  # Clang 14 cannot assemble coroutines with -fsanitize=function (LLVM issue 49689).
  target_compile_options(hf_options INTERFACE -O1 -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize=function -fno-sanitize-recover=all)
  target_link_options(hf_options INTERFACE -fsanitize=address,undefined)
endif()

set(HF_PRECOMPILED <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <variant> <vector>)

# hf_precompile(name HEADERS …): precompiles headers once, to be shared by targets. What a target
# defines besides must not occur in these headers.
function(hf_precompile name)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE hf_options)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()
hf_precompile(hf_precompiled ${HF_PRECOMPILED})

function(hf_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC hf_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  target_precompile_headers(${name} REUSE_FROM hf_precompiled)
endfunction()

# Tests run the optimised modules, but are not worth optimising themselves: it takes as long again.
add_library(hf_test_options INTERFACE)
target_compile_options(hf_test_options INTERFACE $<$<CONFIG:Release>:-O0>)

function(hf_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    hf_options hf_test_options ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  if(NOT TARGET hf_test_precompiled)
    hf_precompile(hf_test_precompiled ${HF_PRECOMPILED} <gtest/gtest.h> <gmock/gmock.h>)
    target_link_libraries(hf_test_precompiled PRIVATE hf_test_options GTest::gmock)
  endif()
  target_precompile_headers(${name} REUSE_FROM hf_test_precompiled)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
