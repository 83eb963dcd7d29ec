// Package settings keeps what admins configure: connections with their domains
// and sign-in, desks, rules, our own keys, and what identity providers publish
// about themselves; and it decides whether that is valid, for every edge alike.
//
// A change of rules has everybody whom it may concern evaluated by a worker.
// Reviewed changes of many things at once are the business of package plan.
package settings
