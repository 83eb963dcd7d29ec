// Package demo plays a morning at a company: syncs, joiners, movers, leavers
// with open conversations, people who sign in, a big group, and a mistake that
// a guard stops. It goes through the product's own doors only, its commands,
// its SCIM endpoint and its desk's API, and checks everything that comes of it.
//
// It decides nothing; it looks into the core only to check what came of a push.
package demo
