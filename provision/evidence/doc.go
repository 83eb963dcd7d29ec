// Package evidence says whether the user whom a desk shows under a known id is still the
// one that an account knew under it. A desk that was restored, or that counts anew, gives
// an id to somebody else.
package evidence
