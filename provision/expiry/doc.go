// Package expiry decides for how long a sign-in vouches for somebody whom nothing else
// describes: until they have not signed in for as long as their connection allows
// ([Service.Pass]), or until the identity provider, asked by the refresh token that it
// gave with the sign-in ([Grant]), says that it has revoked it. The next sign-in brings
// them back.
//
// Nobody is taken for gone because nobody can sign in: while a whole connection is
// silent, no sign-in expires ([Standing.Held]), and whatever else an identity provider
// answers, or does not, is no answer ([Service.Unanswered]).
//
// It asks no identity provider itself: package sso does.
package expiry
