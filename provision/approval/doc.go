// Package approval has admins decide what is done with a leaver's desk user that
// nothing brings back: deletion and anonymization, on desks that ask for it
// ([provision.Approve]). It decides who may answer, and what happens when nobody does
// in time. Access has ended before anybody is asked.
package approval
