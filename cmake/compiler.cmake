# One set of flags for everything we compile. Assertions stay on in every build type.
# Places in events are named from the repository's root, also where a compiler cache with a
# base folder hands the compiler relative paths.
file(RELATIVE_PATH XF_FROM_BUILD ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
add_library(xf_flags INTERFACE)
target_compile_definitions(xf_flags INTERFACE _GNU_SOURCE XFERDB_VERSION="${PROJECT_VERSION}")
target_include_directories(xf_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(xf_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
  -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral -Wno-missing-field-initializers
  -fno-common -fstack-protector-strong -fvisibility=hidden
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= -fmacro-prefix-map=${XF_FROM_BUILD}=)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # Statement expressions and ##__VA_ARGS__ are used on purpose, in the seam's macros.
  target_compile_options(xf_flags INTERFACE -Wno-gnu-statement-expression)
endif()
# Known compilers only: a newer one's new warning must not keep a user from building.
set(known "GNU 12" "Clang 14")
string(REGEX MATCH "^[0-9]+" major "${CMAKE_C_COMPILER_VERSION}")
if(XF_WERROR AND "${CMAKE_C_COMPILER_ID} ${major}" IN_LIST known)
  target_compile_options(xf_flags INTERFACE -Werror)
endif()
if(XF_SANITIZE)
  target_compile_options(xf_flags INTERFACE -fsanitize=${XF_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined)
  target_link_options(xf_flags INTERFACE -fsanitize=${XF_SANITIZE})
endif()
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
