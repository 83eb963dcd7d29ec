// Package draft turns access.yaml, as package config read it, into a draft in
// the core's words, for every edge that reads one.
//
// It checks nothing: what is valid is decided by the core.
package draft
