// Package reference holds two SCIM servers to compare Deskbridge with.
//
// [Bare] keeps resources in a map: what github.com/elimity-com/scim costs by
// itself, and so the ceiling of everything built on it. [Lean] keeps them in
// PostgreSQL through gorm: what a good engineer writes in a day, with a row for
// each membership and transactions where they are needed, but without an audit
// log, rules, jobs, tokens in the database, or any dialect of an identity
// provider. Neither is part of the product.
package reference
