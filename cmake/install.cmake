# `cmake --install`: where things go under the prefix.
install(TARGETS xferdb RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS xferdb-full RUNTIME DESTINATION ${XF_INSTALL_OWN})
install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL
        FILES_MATCHING PATTERN "*.1")
install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 OPTIONAL
        FILES_MATCHING PATTERN "*.5")
install(FILES ${CMAKE_BINARY_DIR}/completion/xferdb OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_BINARY_DIR}/completion/_xferdb OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${CMAKE_BINARY_DIR}/completion/xferdb.fish OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
