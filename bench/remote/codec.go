package main

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that this one stands before
	"google.golang.org/grpc/mem"
)

// codec writes a service's answers: as they are, as bytes that are no message, or as 100 MiB.
type codec struct{ s *service }

// An answer of 100 MiB is one piece over and over.
const (
	piece  = 1 << 20
	pieces = 100
)

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	switch mode(c.s.mode.Load()) {
	case garbage:
		c.s.spoiled.Add(1)
		return mem.BufferSlice{mem.SliceBuffer("\xff\xff\xff\xff\x07 not a message")}, nil
	case large:
		c.s.spoiled.Add(1)
		b := mem.SliceBuffer(make([]byte, piece))
		var out mem.BufferSlice
		for range pieces {
			out = append(out, b)
		}
		return out, nil
	case well, errs, resets, halfClosed:
	}
	return encoding.GetCodecV2("proto").Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	return encoding.GetCodecV2("proto").Unmarshal(data, v)
}

// Name implements encoding.CodecV2.
func (codec) Name() string { return "proto" }
