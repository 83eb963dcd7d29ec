// Package sqlfilter translates filters and orders of resources to SQL.
//
// [Where] makes a condition of a [provision.Expr], [Order] what follows ORDER
// BY, for the rows of [People] or [Groups] in either [Dialect]: the two must
// mean the same. Attributes that have columns or rows of their own are compared
// there, so that indexes answer; all others are looked for in the document.
//
// The package knows the tables and what of a person is in which; it runs
// nothing, and knows neither a driver nor gorm, nor the syntax of any filter.
// Every value and every attribute name from outside is a bound parameter.
package sqlfilter
