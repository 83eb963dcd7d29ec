// Package migrations holds the schema as numbered SQL files, one folder a
// database. A file that was released never changes; a change of the schema is
// a new file, and the release before it must run on it too.
package migrations

import "embed"

// Files holds the folders postgres and sqlite.
//
//go:embed postgres/*.sql sqlite/*.sql
var Files embed.FS
