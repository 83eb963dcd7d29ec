// Package web is the ground that the rooms of sso stand on: what each of them
// needs to answer a browser.
//
// It holds pages, cookies, forms, the way back to where somebody was heading,
// and the one way in which a request is refused: a page, a line in the log, an
// entry in the audit log and a count, all with the same reference. [Route] is
// how a room says what it serves; package sso has the mux, and checks each
// request before a room sees it.
//
// The package does not know how anybody signs in, nor what the rooms are.
package web
