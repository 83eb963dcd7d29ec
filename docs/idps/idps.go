// Package idps holds the pages about identity providers that are in this folder, for
// the console, which shows them with the addresses of a connection in place of those
// that the pages have for an example.
package idps

import "embed"

// Pages are the pages, by the name of their file.
//
//go:embed *.md
var Pages embed.FS
