// Package demo plays a morning at a company: syncs, joiners, movers, leavers
// with open conversations, people who sign in, a big group, and a mistake that
// mass-change protection stops. It uses the program's own interfaces only, its
// commands, its SCIM endpoint and its desk's API, and checks every result.
//
// It decides nothing; it looks into the core only to check what came of a push.
package demo
