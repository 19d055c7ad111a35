# ---- What runs here (placeholder; src/apply/look.ts says what it reports).

spk_look() {
  report end yes
}
