# Limits of time, here as in the folders, are those of a build without a sanitizer; t.SLOW is
# how much longer tests wait for a thing within them.
set(XF_PATIENCE 1)
if(XF_SANITIZE)
  set(XF_PATIENCE 4)
endif()

# xf_unit(NAME [LABEL quick|full] [TIMEOUT seconds] [NO_VALGRIND] [LIBS target…] [SOURCES file…])
#
# Builds NAME from NAME.c with cmocka and registers each `cmocka_unit_test…(case…)`
# in it as a CTest test of its own, NAME.case, run in its own process with a time
# limit. NAME.c ends with T_MAIN(tests), see tests/unit/t.h.
function(xf_unit name)
  cmake_parse_arguments(ARG "NO_VALGRIND" "LABEL;TIMEOUT" "LIBS;SOURCES" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL quick)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  math(EXPR limit "${ARG_TIMEOUT} * ${XF_PATIENCE}")
  add_executable(${name} ${name}.c ${PROJECT_SOURCE_DIR}/tests/unit/t_alloc.c ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tr_tracer ${ARG_LIBS} PkgConfig::CMOCKA)
  target_link_options(${name} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
                      -Wl,--wrap=aligned_alloc,--wrap=strdup,--wrap=strndup
                      -Wl,--wrap=asprintf,--wrap=vasprintf)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  file(READ ${name}.c text)
  string(REGEX MATCHALL "cmocka_unit_test[a-z_]*\\([a-z][A-Za-z0-9_]*" rows "${text}")
  set(cases "")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE ".*\\(" "" case "${row}")
    add_test(NAME ${name}.${case} COMMAND ${name} ${case})
    set_tests_properties(${name}.${case} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${limit})
    list(APPEND cases ${case})
  endforeach()
  if(NOT ARG_NO_VALGRIND)
    xf_valgrind(${name} ${cases})
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.c)
endfunction()

# Every case of a unit test under valgrind, one process a case as everywhere, in one CTest test
# of label full; in the release build only. (Debian 12's valgrind does not read the debug
# information clang 14 writes.)
find_program(XF_VALGRIND valgrind)
function(xf_valgrind name)
  if(XF_VALGRIND AND NOT XF_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo"
     AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_test(NAME valgrind.${name} COMMAND sh ${PROJECT_SOURCE_DIR}/tests/unit/valgrind.sh
             ${XF_VALGRIND} $<TARGET_FILE:${name}> ${ARGN})
    set_tests_properties(valgrind.${name} PROPERTIES LABELS full TIMEOUT 900)
  endif()
endfunction()

# xf_script(NAME [LABEL …] [TIMEOUT …] COMMAND …): a test that drives the real binary.
# XFERDB is its path, T_SOURCE the repository. Exit status 77: skipped, visibly.
function(xf_script name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "COMMAND;LOCKS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL quick)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR limit "${ARG_TIMEOUT} * ${XF_PATIENCE}")
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${limit} SKIP_RETURN_CODE 77
    ENVIRONMENT "XFERDB=$<TARGET_FILE:xferdb>;T_SOURCE=${PROJECT_SOURCE_DIR};T_BUILD=${PROJECT_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/tool;PYTHONDONTWRITEBYTECODE=1")
  if(ARG_LOCKS)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK "${ARG_LOCKS}")
  endif()
endfunction()

# xf_python(NAME [LABEL …] [TIMEOUT …] [LOCKS …])
#
# NAME.py is written upon tests/tool/t.py; each of its functions test_… becomes a
# CTest test of its own, NAME.…, as xf_script() runs it.
function(xf_python name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "LOCKS" ${ARGN})
  file(STRINGS ${name}.py lines REGEX "^def test_")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^def (test_[A-Za-z0-9_]+).*" "\\1" case "${line}")
    string(REGEX REPLACE "^test_" "" short "${case}")
    xf_script(${name}.${short} LABEL "${ARG_LABEL}" TIMEOUT "${ARG_TIMEOUT}" LOCKS ${ARG_LOCKS}
              COMMAND ${XF_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py ${case})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.py)
endfunction()
