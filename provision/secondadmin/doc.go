// Package secondadmin has what takes access away from many people be asked for by one
// admin and confirmed by another, where the server says so ([Policy]). It decides which of
// two actors are two people, how long a request waits, and when it is void. What needs two
// admins is decided by whoever asks it, in the transaction of the change:
// [Service.Confirm].
package secondadmin
