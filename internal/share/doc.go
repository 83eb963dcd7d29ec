// Package share divides what a process has little of among those whom it
// serves: so many at once for each, and so many for all together. Who wants more
// waits, in order of arrival, behind their own and for no longer than they say.
//
// It is for one process, and takes memory only for those who have something or
// wait. The package does not know what is shared, nor what becomes of who has
// waited for too long: who asks decides that. It knows no HTTP.
package share
