# `cmake --install`: where things go under the prefix.
include(GNUInstallDirs)
install(TARGETS xferdb RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
