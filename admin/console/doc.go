// Package console is the console at /admin/: pages for people, of what needs
// them, of one person, of what was asked and what was done, with a button for what
// the command line has a verb for. It decides what a page shows first and how it
// says it; what somebody may do, package admin decides, and what is done, the core,
// by the same functions as behind the commands.
//
// Pages are HTML that can be read and used without a script. The one library,
// htmx, and the style sheet, Pico, are embedded, and nothing comes from elsewhere.
package console
