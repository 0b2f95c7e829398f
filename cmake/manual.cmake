# Man pages and shell completion, made at build time from schema/xferdb.json, the one description
# of commands and options that programs rely on. Python makes them; without it there are none.
# The system's own Python comes first: Debian's python3-boto3, which tests use, is of that one.
find_program(XF_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(XF_PYTHON python3)
set(XF_SCHEMA ${PROJECT_SOURCE_DIR}/schema/xferdb.json)
if(NOT XF_PYTHON OR NOT EXISTS ${XF_SCHEMA})
  message(STATUS "no man pages and no completion: python3 or the schema is missing")
  return()
endif()

set(manual ${PROJECT_SOURCE_DIR}/docs/man)
file(GLOB manual_prose CONFIGURE_DEPENDS ${manual}/*.txt) # one a page, where there is something to add
set(completion ${PROJECT_SOURCE_DIR}/docs/completion/complete.py)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/man/.made ${CMAKE_BINARY_DIR}/completion/.made
  COMMAND ${CMAKE_COMMAND} -E rm -rf man completion
  COMMAND ${XF_PYTHON} ${manual}/pages.py ${XF_SCHEMA} ${manual} ${PROJECT_VERSION} man
  COMMAND ${XF_PYTHON} ${completion} ${XF_SCHEMA} completion
  COMMAND ${CMAKE_COMMAND} -E touch man/.made completion/.made
  DEPENDS ${XF_SCHEMA} ${manual}/pages.py ${manual_prose} ${completion}
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
  COMMENT "Man pages and completion")
add_custom_target(manual ALL DEPENDS ${CMAKE_BINARY_DIR}/man/.made ${CMAKE_BINARY_DIR}/completion/.made)
add_dependencies(product manual)
