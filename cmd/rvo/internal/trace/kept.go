package trace

// kept remembers the newest maxKept things by a name.
type kept[K comparable, V any] struct {
	by    map[K]V
	order []K
}

func (k *kept[K, V]) put(name K, v V) {
	if k.by == nil {
		k.by = map[K]V{}
	}
	if _, ok := k.by[name]; !ok {
		k.order = append(k.order, name)
	}
	k.by[name] = v
	if len(k.order) > maxKept {
		delete(k.by, k.order[0])
		k.order = k.order[1:]
	}
}

func (k *kept[K, V]) get(name K) (V, bool) {
	v, ok := k.by[name]
	return v, ok
}

func (k *kept[K, V]) has(name K) bool {
	_, ok := k.by[name]
	return ok
}
