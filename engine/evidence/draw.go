package evidence

import (
	"image"
	"image/color"
	"image/draw"
	"strconv"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
)

// boxLine is the width of a box's outline in pixels.
const boxLine = 2

// DrawBox outlines the box inside of its edges and writes its label and score above it, or below where it touches the
// top. Green is rare indoors and out, and black below the text reads on any background.
func DrawBox(img *image.RGBA, b signal.Box) {
	w, h := float32(img.Rect.Dx()), float32(img.Rect.Dy())
	r := image.Rect(pixel(b.X*w), pixel(b.Y*h), pixel((b.X+b.W)*w), pixel((b.Y+b.H)*h)).Intersect(img.Rect)
	if r.Empty() {
		return
	}
	ink := image.NewUniform(color.RGBA{G: 0xff, A: 0xff})
	fill := func(x0, y0, x1, y1 int) {
		draw.Draw(img, image.Rect(x0, y0, x1, y1).Intersect(r), ink, image.Point{}, draw.Src)
	}
	fill(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+boxLine)
	fill(r.Min.X, r.Max.Y-boxLine, r.Max.X, r.Max.Y)
	fill(r.Min.X, r.Min.Y, r.Min.X+boxLine, r.Max.Y)
	fill(r.Max.X-boxLine, r.Min.Y, r.Max.X, r.Max.Y)

	text := b.Label
	if b.Score > 0 {
		if text != "" {
			text += " "
		}
		text += strconv.Itoa(int(b.Score*100+0.5)) + "%"
	}
	if text == "" {
		return
	}
	at := image.Pt(r.Min.X, r.Min.Y)
	size := textSize(text, textScale(img))
	if at.Y -= size.Y; at.Y < img.Rect.Min.Y {
		at.Y = min(r.Min.Y+boxLine, img.Rect.Max.Y-size.Y)
	}
	DrawLabel(img, at, text, ink)
}

// DrawLabel writes a text of one line on black, with its upper left corner at the given point: 32 letters of it.
func DrawLabel(img *image.RGBA, at image.Point, text string, ink image.Image) {
	scale := textScale(img)
	draw.Draw(img, image.Rectangle{Min: at, Max: at.Add(textSize(text, scale))}.Intersect(img.Rect), image.Black, image.Point{}, draw.Src)
	drawText(img, at, text, scale, ink)
}

// textScale is how large letters are on a picture.
func textScale(img *image.RGBA) int { return 1 + img.Rect.Dy()/720 }

// pixel rounds a coordinate, far outside ones to a value that still fits an int on every machine.
func pixel(v float32) int {
	if v != v {
		return 0
	}
	return int(min(max(v+0.5, -1), frame.MaxSide+1))
}
