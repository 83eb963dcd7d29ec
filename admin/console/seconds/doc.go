// Package seconds is the page of the console about what one admin has asked for and another
// has to ask for as well. Who may, package secondadmin of the core decides.
package seconds
