# xf_unit(NAME [LABEL quick|full] [TIMEOUT seconds] [LIBS target…] [SOURCES file…])
#
# Builds NAME from NAME.c with cmocka and registers each `cmocka_unit_test…(case…)`
# in it as a CTest test of its own, NAME.case, run in its own process with a time
# limit. NAME.c ends with T_MAIN(tests), see tests/unit/t.h.
function(xf_unit name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "LIBS;SOURCES" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL quick)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${name}.c ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tr_tracer ${ARG_LIBS} PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  file(STRINGS ${name}.c lines REGEX "cmocka_unit_test[a-z_]*\\([a-z]")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*cmocka_unit_test[a-z_]*\\(([a-z0-9_]+).*" "\\1" case "${line}")
    add_test(NAME ${name}.${case} COMMAND ${name} ${case})
    set_tests_properties(${name}.${case} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.c)
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
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "XFERDB=$<TARGET_FILE:xferdb>;T_SOURCE=${PROJECT_SOURCE_DIR};T_BUILD=${PROJECT_BINARY_DIR}")
  if(ARG_LOCKS)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK "${ARG_LOCKS}")
  endif()
endfunction()
