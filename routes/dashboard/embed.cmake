# Makes a source of the dashboard's files, so that they are part of the program: ${HF_DASHBOARD_SOURCE}.
set(HF_DASHBOARD_FILES index.html style.css icon.svg api.js chart.js dialog.js dom.js events.js exact.js
  main.js merge.js parts.js state.js view_conflicts.js view_journal.js view_overview.js view_queue.js
  view_tables.js view_trends.js view_welcome.js words.js)
set(HF_DASHBOARD_ENTRIES "")
foreach(name ${HF_DASHBOARD_FILES})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/dashboard/${name})
  file(READ ${CMAKE_CURRENT_SOURCE_DIR}/dashboard/${name} content)
  string(APPEND HF_DASHBOARD_ENTRIES "    {\"${name}\", R\"hf_file(${content})hf_file\"},\n")
endforeach()
set(HF_DASHBOARD_SOURCE ${CMAKE_CURRENT_BINARY_DIR}/dashboard_files.cpp)
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/dashboard/files.cpp.in ${HF_DASHBOARD_SOURCE} @ONLY)
