// A page opened for one of its sentences begins there.

document.getElementById("found")?.scrollIntoView({ block: "center" });
