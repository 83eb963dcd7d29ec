// Package answer says what the admin API answers of what the core knows: steps that are
// still to come, work that is to be done, the ledger of seats, alarms, desk
// users whom no account holds, requests, tokens, set-up links. Who may ask, and how, package api decides.
package answer
