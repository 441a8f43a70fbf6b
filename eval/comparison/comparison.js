'use strict';

const inside = part => Math.min(Math.max(part, 0), 1);

document.querySelectorAll('.pair').forEach(pair => {
  const slider = pair.querySelector('input');
  const show = () => pair.style.setProperty('--at', slider.value + '%');
  // The pictures part where the pointer is: a slider by itself leaves room for its thumb at both ends.
  const follow = event => {
    const box = pair.getBoundingClientRect();
    slider.value = 100 * inside((event.clientX - box.left) / box.width);
    show();
  };
  slider.addEventListener('input', show);
  slider.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    event.preventDefault(); // of the slider's own drag
    slider.focus({ focusVisible: false });
    if (event.isTrusted) slider.setPointerCapture(event.pointerId);
    pair.dataset.led = event.pointerId;
    follow(event);
  });
  slider.addEventListener('pointermove', event => {
    if (pair.dataset.led === String(event.pointerId)) follow(event);
  });
  ['pointerup', 'pointercancel'].forEach(end => slider.addEventListener(end, () => { delete pair.dataset.led; }));
  slider.addEventListener('keydown', event => {
    const step = event.shiftKey ? 10 : 2;
    const move = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, Home: -100, End: 100 }[event.key];
    if (!move) return;
    event.preventDefault();
    slider.value = Number(slider.value) + move;
    show();
  });
  show();
});

document.querySelector('select.zoom').addEventListener('change', event => {
  const fit = event.target.value === 'fit';
  document.body.classList.toggle('zoomed', !fit);
  // A pixel of the picture is one of the screen's, whatever the page's scale is.
  document.querySelectorAll('.pair').forEach(pair => {
    pair.style.setProperty('--zoom', fit ? 1 : Number(event.target.value) / window.devicePixelRatio);
  });
});
