
// What the reader has chosen to see: names of hidden pictures and methods, headings of hidden columns.
const choice = { methods: new Set(), columns: new Set(), intervals: true, thumbnails: false };
const isShown = method => !choice.methods.has(method);

function changeChoice(change) {
  change();
  document.dispatchEvent(new Event('choice'));
}

// Pictures of a section by image and label, where its page shows them: {row: id, labels: Map(label → img)}.
function picturesOf(section) {
  return new Map([...section.querySelectorAll('.row')].map(row => [row.parentElement.querySelector('h4').textContent, {
    row: row.parentElement.id,
    labels: new Map([...row.querySelectorAll('figure')].map(figure => [figure.textContent.trim(), figure.querySelector('img')])),
  }]));
}

function thumbnail(pictures, label) {
  const link = document.createElement('a'), image = pictures.labels.get(label).cloneNode();
  link.className = 'thumbnail';
  link.href = '#' + pictures.row;
  link.append(image);
  return link;
}

function checkbox(text, checked, change) {
  const label = document.createElement('label'), box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = checked;
  box.addEventListener('change', () => changeChoice(() => change(box.checked)));
  label.append(box, text);
  return label;
}

function button(text, click) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', click);
  return made;
}

function fieldset(title, ...content) {
  const set = document.createElement('fieldset'), legend = document.createElement('legend'), box = document.createElement('div');
  legend.textContent = title;
  box.append(...content);
  set.append(legend, box);
  return set;
}

// A checkbox for each name, and all of them at once.
function chooseNames(title, names, hidden) {
  const labels = names.map(name => checkbox(name, true, on => (on ? hidden.delete(name) : hidden.add(name))));
  const every = on => changeChoice(() => {
    names.forEach(name => (on ? hidden.delete(name) : hidden.add(name)));
    labels.forEach(label => { label.firstChild.checked = on; });
  });
  return fieldset(title, ...labels, button('all', () => every(true)), button('none', () => every(false)));
}

function choicePanel() {
  const texts = selector => [...new Set([...document.querySelectorAll(selector)].map(element => element.textContent))];
  const methods = [...new Set([...texts('.row figcaption'), ...texts('.means tbody td:first-child')])];
  const columns = texts('.means thead th:not(:first-child)');
  const panel = document.createElement('details'), summary = document.createElement('summary');
  const shown = (names, hidden) => names.length - names.filter(name => hidden.has(name)).length + ' of ' + names.length;
  const tell = () => {
    summary.textContent = 'Choose: ' + shown(methods, choice.methods) + ' methods, ' + shown(columns, choice.columns) + ' columns shown';
  };
  const also = [checkbox('intervals', choice.intervals, on => { choice.intervals = on; })];
  if (document.querySelector('.row')) also.push(checkbox('thumbnails', choice.thumbnails, on => { choice.thumbnails = on; }));
  panel.className = 'choice';
  panel.append(summary, chooseNames('methods', methods, choice.methods), chooseNames('columns', columns, choice.columns),
    fieldset('in tables', ...also));
  tell();
  document.addEventListener('choice', tell);
  document.addEventListener('choice', () => document.querySelectorAll('.row figure').forEach(figure => {
    figure.hidden = !isShown(figure.textContent.trim());
  }));
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !panel.open) return;
    panel.open = false;
    summary.focus();
  });
  document.querySelector('section').before(panel);
}

if (document.querySelector('.means')) choicePanel();
