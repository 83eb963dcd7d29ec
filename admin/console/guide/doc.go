// Package guide shows the page about an identity provider (docs/idps) with what has to
// be entered there for one connection: the addresses of the page's example are those
// of the connection. It reads as much of Markdown as these pages use.
package guide
