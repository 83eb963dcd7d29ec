// Package leavestep has the later steps of a desk's on_leave carried out when their time
// has come: a leaver's user is deleted thirty days after access has ended, say. It decides
// when an account is looked at for that. What is done then, and to whom never, package
// reconcile decides, and what has come of it is with the account ([leave.Course]).
package leavestep
