// Package draft turns access.yaml, as package config read it, into a draft in
// the core's words, for whichever door it came through.
//
// It checks nothing: what is valid is decided by the core.
package draft
