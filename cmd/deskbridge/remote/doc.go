// Package remote has commands run on a server, from another machine: the command line
// is checked here and there, the server does the work for who shows a token, and says
// what the command would say beside its database. No command is written twice; the
// table says what each is in the words of package admin, and which cannot run so.
package remote
