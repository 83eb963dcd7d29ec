// Package leave is what a desk does with whoever leaves, as an admin says it: the
// steps of on_leave ([Policy]), which of them wait for an admin ([Approve]), and how far
// they are for one account ([Course]).
//
// It is what files, commands and the core read alike, and knows none of them: neither
// desks nor people, neither HTTP nor SQL.
package leave
