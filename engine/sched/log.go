package sched

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// LogSchema is the id of the input log's form.
const LogSchema = "rvo.inputs/v1"

// LogHeader is the first line of an input log: what must be equal for a replay to decide the same.
type LogHeader struct {
	Schema   string `json:"schema"`
	Pipeline string `json:"pipeline"`
	Revision string `json:"revision"` // of the pipeline: another one may decide otherwise
	Run      string `json:"run"`
	Slots    int    `json:"slots"`    // CPU slots of the core
	Reserve  int    `json:"reserve"`  // of these for critical detectors
	Blocking int    `json:"blocking"` // places for blocking runs
}

// logEnd is the last line: a log without it was cut off.
type logEnd struct {
	End    string `json:"end"` // "complete", or why it is not
	Inputs uint64 `json:"inputs"`
}

// LogWriter writes an input log: JSON, a header, one line an input, an end. It is for one goroutine.
type LogWriter struct {
	w   *bufio.Writer
	enc *json.Encoder
	n   uint64
}

// NewLogWriter writes the header. Schema is filled in.
func NewLogWriter(w io.Writer, h LogHeader) (*LogWriter, error) {
	b := bufio.NewWriter(w)
	l := &LogWriter{w: b, enc: json.NewEncoder(b)}
	h.Schema = LogSchema
	if err := l.enc.Encode(h); err != nil {
		return nil, fmt.Errorf("input log: %w", err)
	}
	return l, nil
}

// Write adds an input, with More as it is.
func (l *LogWriter) Write(in Input) error {
	if err := l.enc.Encode(in); err != nil {
		return fmt.Errorf("input log: %w", err)
	}
	l.n++
	return nil
}

// WriteTurn adds the inputs of one turn.
func (l *LogWriter) WriteTurn(ins []Input) error {
	for i, in := range ins {
		in.More = i+1 < len(ins)
		if err := l.Write(in); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the end and flushes: why is empty for a log with every input, else what is missing and why.
func (l *LogWriter) Close(why string) error {
	if why == "" {
		why = logComplete
	}
	if err := l.enc.Encode(logEnd{End: why, Inputs: l.n}); err != nil {
		return fmt.Errorf("input log: %w", err)
	}
	if err := l.w.Flush(); err != nil {
		return fmt.Errorf("input log: %w", err)
	}
	return nil
}

const logComplete = "complete"

// ErrLogCut says that an input log has no end: the program that wrote it was killed, or its disk was full.
var ErrLogCut = errors.New("the input log ends in the middle")

// maxLogLine bounds one line: a result with ten thousand boxes is about a megabyte.
const maxLogLine = 16 << 20

// ReadLog reads an input log. Where it was cut or is incomplete it returns what there is and an error that says so;
// nothing of a log whose form is not known.
func ReadLog(r io.Reader) (LogHeader, []Input, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLogLine)
	var h LogHeader
	if !sc.Scan() {
		return h, nil, errors.Join(fmt.Errorf("input log: no header: %w", ErrLogCut), sc.Err())
	}
	if err := json.Unmarshal(sc.Bytes(), &h); err != nil {
		return h, nil, fmt.Errorf("input log: header: %w", err)
	}
	if h.Schema != LogSchema {
		return h, nil, fmt.Errorf("input log: form %q, this program reads %q", h.Schema, LogSchema)
	}
	var out []Input
	for line := 2; sc.Scan(); line++ {
		var probe struct {
			Kind *InputKind `json:"kind"`
			logEnd
		}
		if err := json.Unmarshal(sc.Bytes(), &probe); err != nil {
			return h, out, fmt.Errorf("input log: line %d: %w", line, err)
		}
		if probe.Kind == nil {
			return h, out, probe.check(line, len(out))
		}
		var in Input
		if err := json.Unmarshal(sc.Bytes(), &in); err != nil {
			return h, out, fmt.Errorf("input log: line %d: %w", line, err)
		}
		if in.Kind > InputAway || (in.Kind == InputSwap) != (in.Swap != nil) || in.Outcome > OutcomeTimeout {
			return h, out, fmt.Errorf("input log: line %d: no input of kind %d with outcome %d", line, in.Kind, in.Outcome)
		}
		out = append(out, in)
	}
	if err := sc.Err(); err != nil {
		return h, out, fmt.Errorf("input log: %w", err)
	}
	return h, out, fmt.Errorf("input log: after %d inputs: %w", len(out), ErrLogCut)
}

// check judges the last line.
func (e logEnd) check(line, read int) error {
	switch {
	case e.End == "":
		return fmt.Errorf("input log: line %d is neither an input nor an end", line)
	case e.End != logComplete:
		return fmt.Errorf("input log: not complete: %s", e.End)
	case e.Inputs != uint64(read):
		return fmt.Errorf("input log: %d inputs, its end says %d", read, e.Inputs)
	}
	return nil
}
