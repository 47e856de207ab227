#pragma once

namespace holdfast::cache {

// The name of a VFS for connections that write, with synchronous=FULL and write-ahead logging only.
//
// SQLite writes each page of a commit to the log by two calls, a frame's head and the page; this
// gathers neighbouring writes of the log and hands them to the system as one, at the latest when
// SQLite syncs the log, which with synchronous=FULL is before a commit shows to any other
// connection. That takes a third of what a small commit costs the processor. A full disk or a
// fault is then told by the sync. All else goes to the default VFS as it is.
// SQLite's own frames, unchanged: such a file is opened without this as well.
// Source: sqlite.org/vfs.html, sqlite.org/walformat.html.
// Thread-safe. It must be called after sqlite3_initialize().
const char* gathering_vfs();

}  // namespace holdfast::cache
