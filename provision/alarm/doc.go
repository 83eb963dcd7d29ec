// Package alarm tells people who do not look: by mail, or by a webhook, that
// something needs somebody, and that it is over.
//
// What is told of are the findings of provision/plan. One is told of once, when it
// has been there for long enough, again when it has grown, and at its end
// ([Service.Look]). What is told is a [Delivery] in the database, written in the
// transaction that notes it: it is sent by whoever gets to it first, as often as it
// takes for three days, and an admin can see what was answered and have it sent again
// ([Service.Send]). One receiver that hangs keeps no other waiting.
package alarm
