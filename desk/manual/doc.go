// Package manual is the connector to a help desk without an API: a person does there
// what has to be done.
//
// Every change is a task, with what to click; the desk shows what admins have said
// ([Book]), and nothing else. So nothing is called done that nobody has said to be
// done, and after a while a person is asked to look whether it is still so.
package manual
