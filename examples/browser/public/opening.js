// Before the first paint: who comes for a tab sees it, and the opening small.
document.documentElement.classList.toggle('used', location.hash.length > 1);
