package tui

import "slices"

// action is what a key asks for.
type action uint8

const (
	noAction action = iota
	actQuit
	actHelp
	actUp
	actDown
	actPageUp
	actPageDown
	actTop
	actBottom
	actNext
	actPrevious
	actOpen
	actBack
	actFilter
	actPause
	actMute
	actSuspend
	actPage // one of the digits
)

// binding is what some keys do.
type binding struct {
	act  action
	keys []string // as Bubble Tea names them
	show string   // as people read them
	does string
	foot string // in the line at the bottom; empty: not there
}

// bindings lists every key, in the order of the help.
func bindings() []binding {
	return []binding{
		{actPage, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "1 to 9", "go to a page", ""},
		{actNext, []string{"tab", "right", "l"}, "tab, right, l", "the next page", "tab page"},
		{actPrevious, []string{"shift+tab", "left", "h"}, "shift-tab, left, h", "the page before", ""},
		{actUp, []string{"up", "k"}, "up, k", "a line up", ""},
		{actDown, []string{"down", "j"}, "down, j", "a line down", "j/k move"},
		{actPageUp, []string{"pgup", "ctrl+b"}, "page up, ctrl-b", "a screen up", ""},
		{actPageDown, []string{"pgdown", "ctrl+f"}, "page down, ctrl-f", "a screen down", ""},
		{actTop, []string{"home", "g"}, "home, g", "the first line", ""},
		{actBottom, []string{"end", "G"}, "end, G", "the last line; the log follows again", ""},
		{actOpen, []string{"enter"}, "enter", "all of this line; of an event why it fires or not", "enter details"},
		{actBack, []string{"esc", "backspace"}, "esc", "back; ends a filter", ""},
		{actFilter, []string{"/"}, "/", "show only the lines that hold some words", "/ filter"},
		{actPause, []string{"p", "space"}, "p, space", "hold the screen; what comes meanwhile is kept", "p pause"},
		{actMute, []string{"m"}, "m", "mute this event or camera, or hear it again; asks first", "m mute"},
		{actSuspend, []string{"ctrl+z"}, "ctrl-z", "back to the shell; fg comes back here", ""},
		{actHelp, []string{"?"}, "?", "this help", "? help"},
		{actQuit, []string{"q", "ctrl+c"}, "q, ctrl-c", "quit", "q quit"},
	}
}

// actionOf returns what a key does.
func actionOf(key string) action {
	for _, b := range bindings() {
		if slices.Contains(b.keys, key) {
			return b.act
		}
	}
	return noAction
}
