// Package filter reads the filters of RFC 7644 §3.4.2.2 and the paths of §3.5.2.
//
// [Parse] turns a filter into a [provision.Expr], which the store answers;
// [ParsePath] splits a path into its names and the value filter in it. Both are
// exact: a text means what the grammar says, or it is refused with invalidFilter
// or invalidPath. [Holds] answers a value filter for one element in memory.
//
// What a name means the caller says, in a [Scope]. The package knows neither
// HTTP, nor which resources there are, nor how they are stored.
package filter
