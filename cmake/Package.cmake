# What `cmake --install` puts where, and the Debian packages that CPack makes of it: holdfast, and
# holdfast-tray, which needs a desktop.
include(GNUInstallDirs)

# Debian wants them compressed, and the same each time.
set(compressed)
foreach(source ${CMAKE_BINARY_DIR}/holdfast.1 ${CMAKE_SOURCE_DIR}/cmake/package/holdfast-tray.1
    ${CMAKE_SOURCE_DIR}/CHANGELOG.md)
  get_filename_component(name ${source} NAME)
  set(result ${CMAKE_BINARY_DIR}/package/${name}.gz)
  add_custom_command(OUTPUT ${result} COMMAND gzip -9nc ${source} > ${result} DEPENDS ${source}
    VERBATIM)
  list(APPEND compressed ${result})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
add_custom_target(hf_package_files ALL DEPENDS ${compressed})
add_dependencies(hf_package_files hf_documents)

# hf_install_with_path(template folder component): a file that names where the programs are. The
# prefix is known at the installation only.
function(hf_install_with_path template folder component)
  string(REGEX REPLACE "\\.in$" "" name ${template})
  install(CODE "
    set(HF_BIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/cmake/package/${template}\"
      \"${CMAKE_BINARY_DIR}/package/${name}\" @ONLY)
    file(INSTALL \"${CMAKE_BINARY_DIR}/package/${name}\"
      DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${folder}\")" COMPONENT ${component})
endfunction()

install(TARGETS holdfast COMPONENT gateway)
install(FILES ${CMAKE_BINARY_DIR}/package/holdfast.1.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT gateway)
install(FILES ${CMAKE_BINARY_DIR}/completions/holdfast.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME holdfast
  COMPONENT gateway)
install(FILES ${CMAKE_BINARY_DIR}/completions/_holdfast
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT gateway)
install(FILES ${CMAKE_BINARY_DIR}/completions/holdfast.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT gateway)
install(FILES ${CMAKE_BINARY_DIR}/package/CHANGELOG.md.gz ${CMAKE_SOURCE_DIR}/README.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast COMPONENT gateway)
install(FILES ${CMAKE_SOURCE_DIR}/config.example.toml
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast/examples COMPONENT gateway)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast COMPONENT gateway)
# Where systemd looks, whatever the library folder is called.
hf_install_with_path(holdfast.service.in lib/systemd/user gateway)

set(components gateway)
if(TARGET holdfast-tray)
  list(APPEND components tray)
  install(TARGETS holdfast-tray COMPONENT tray)
  install(FILES ${CMAKE_SOURCE_DIR}/routes/dashboard/icon.svg
    DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps RENAME holdfast.svg
    COMPONENT tray)
  install(FILES ${CMAKE_BINARY_DIR}/package/holdfast-tray.1.gz
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tray)
  install(FILES ${CMAKE_BINARY_DIR}/package/CHANGELOG.md.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast-tray COMPONENT tray)
  hf_install_with_path(holdfast-tray.desktop.in ${CMAKE_INSTALL_DATADIR}/applications tray)
endif()

# What is installed is what was built: neither verb builds anything.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "Holdfast <holdfast@localhost>")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME holdfast)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_RECOMMENDS "ca-certificates, holdfast-tray")
set(CPACK_DEBIAN_GATEWAY_DESCRIPTION "local-first gateway for Supabase
It runs on your machine and speaks Supabase's own HTTP API: an app changes its
SUPABASE_URL and nothing else. Reads come from a replica here, writes are kept
in a durable queue and forwarded, and the app works while the network does not.")
set(CPACK_DEBIAN_TRAY_PACKAGE_NAME holdfast-tray)
set(CPACK_DEBIAN_TRAY_PACKAGE_SECTION x11)
set(CPACK_DEBIAN_TRAY_PACKAGE_DEPENDS "holdfast (= ${PROJECT_VERSION}), xdg-utils")
set(CPACK_DEBIAN_TRAY_DESCRIPTION "state of the Holdfast gateway beside the clock
Shows whether your writes have reached Supabase, tells of conflicts and refused
writes, and pauses, syncs and opens the dashboard.")
include(CPack)
